import { z } from 'zod';

/**
 * What the simulated hospital accepts: the part of FHIR R4 that a gateway sends, read strictly.
 * It is written from the specification and shares nothing with the code that writes the resources,
 * so that each of them shows the other's mistakes.
 */

/** FHIR R4 datatypes.html#string: not empty, no white space around it. */
const Text = z
  .string()
  .min(1)
  .max(1_048_576)
  .refine((text) => text === text.trim(), 'white space around the text');
const Uri = z.string().regex(/^(https?:\/\/|urn:(uuid|oid|iso|ietf|wardgate):)\S+$/);
/** datatypes.html#code */
const Code = z.string().regex(/^[^\s]+(\s[^\s]+)*$/);
/** datatypes.html#dateTime: whoever says the time says the offset too. */
const DateTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'no such instant');

const Coding = z.strictObject({
  system: Uri,
  code: Code,
  display: Text.optional(),
});
const CodeableConcept = z
  .strictObject({ coding: z.array(Coding).min(1).optional(), text: Text.optional() })
  .refine(({ coding, text }) => coding ?? text, 'neither coding nor text');
/** What is measured is always coded. */
const ObservedConcept = z.strictObject({
  coding: z.array(Coding).min(1),
  text: Text.optional(),
});
const Identifier = z.strictObject({ system: Uri, value: Text });
const Reference = z.strictObject({ type: Code, identifier: Identifier });
/** https://ucum.org: printable ASCII without white space. */
const UcumCode = z.string().regex(/^[!-~]+$/);
const Quantity = z.strictObject({
  value: z.number(),
  unit: Text.optional(),
  system: z.literal('http://unitsofmeasure.org'),
  code: UcumCode,
});
const SampledData = z.strictObject({
  origin: Quantity,
  period: z.number().positive(),
  factor: z.number().optional(),
  dimensions: z.int().positive(),
  data: z
    .string()
    .regex(/^(-?\d+(\.\d+)?(e[+-]?\d+)?|[EUL])( (-?\d+(\.\d+)?(e[+-]?\d+)?|[EUL]))*$/),
});

/** extensibility.html: an address that says what it means, and exactly one value. */
const Extension = z
  .strictObject({
    url: Uri,
    valueQuantity: Quantity.optional(),
    valueString: Text.optional(),
    valueDecimal: z.number().optional(),
  })
  .refine((extension) => Object.keys(extension).length === 2);

const Period = z
  .strictObject({
    extension: z.array(Extension).min(1).optional(),
    start: DateTime,
    end: DateTime,
  })
  .refine(({ start, end }) => Date.parse(start) <= Date.parse(end), 'ends before it starts');

const valueElements = {
  valueQuantity: Quantity.optional(),
  valueCodeableConcept: CodeableConcept.optional(),
  valueString: Text.optional(),
  valueSampledData: SampledData.optional(),
  dataAbsentReason: ObservedConcept.optional(),
};
const interpretation = z.array(ObservedConcept).min(1).optional();

/** How many of value[x], dataAbsentReason and component there are: exactly one says something. */
function statements(element: object): number {
  return Object.keys(element).filter((key) =>
    /^(value[A-Z]|dataAbsentReason$|component$)/.test(key),
  ).length;
}

const Component = z
  .strictObject({ code: ObservedConcept, ...valueElements, interpretation })
  .refine((component) => statements(component) === 1, 'not exactly one value or reason');

/** Units fixed by http://hl7.org/fhir/R4/observation-vitalsigns.html, by LOINC code. */
const vitalSignUnits: Readonly<Record<string, readonly string[]>> = {
  '9279-1': ['/min'],
  '8867-4': ['/min'],
  '2708-6': ['%'],
  '8310-5': ['Cel', '[degF]'],
  '29463-7': ['kg', 'g', '[lb_av]'],
  '8480-6': ['mm[Hg]'],
  '8462-4': ['mm[Hg]'],
};

type Concept = z.output<typeof ObservedConcept>;

function has({ coding }: Concept, code: string): boolean {
  return coding.some((one) => one.code === code);
}

function hasVitalSignUnit(element: {
  code: Concept;
  valueQuantity?: z.output<typeof Quantity> | undefined;
}): boolean {
  const { code, valueQuantity } = element;
  if (!valueQuantity) return true;
  return code.coding.every((one) => {
    const units = one.system === 'http://loinc.org' ? vitalSignUnits[one.code] : undefined;
    return units === undefined || units.includes(valueQuantity.code);
  });
}

export const Observation = z
  .strictObject({
    resourceType: z.literal('Observation'),
    meta: z.strictObject({ tag: z.array(Coding).min(1) }).optional(),
    extension: z.array(Extension).min(1).optional(),
    identifier: z.array(Identifier).min(1),
    status: z.enum(['registered', 'preliminary', 'final', 'amended', 'corrected']),
    category: z.array(ObservedConcept).min(1),
    code: ObservedConcept,
    subject: Reference.optional(),
    effectiveDateTime: DateTime.optional(),
    _effectiveDateTime: z.strictObject({ extension: z.array(Extension).min(1) }).optional(),
    effectivePeriod: Period.optional(),
    issued: DateTime.optional(),
    device: Reference,
    ...valueElements,
    interpretation,
    component: z.array(Component).min(1).optional(),
  })
  .refine((resource) => statements(resource) === 1, 'not exactly one value, reason or component')
  .refine(
    ({ effectiveDateTime, effectivePeriod, valueSampledData }) =>
      valueSampledData
        ? effectivePeriod && !effectiveDateTime
        : effectiveDateTime && !effectivePeriod,
    'samples are of a time, everything else is of a moment',
  )
  .refine(
    ({ category, subject }) => subject ?? category.some((one) => has(one, 'alert')),
    'only an alert may be about nobody',
  )
  .refine(
    ({ code, component = [] }) =>
      !has(code, '85354-9') ||
      ['8480-6', '8462-4'].every((part) => component.some((one) => has(one.code, part))),
    'a blood pressure has a systolic and a diastolic component',
  )
  .refine(
    (resource) => [resource, ...(resource.component ?? [])].every(hasVitalSignUnit),
    'unit is not the one of the vital sign',
  );

/** What is put under a name that is looked for has none of its own (http.html#cond-update). */
export const Device = z.strictObject({
  resourceType: z.literal('Device'),
  identifier: z.array(Identifier).min(1),
  status: z.enum(['active', 'inactive', 'entered-in-error', 'unknown']),
  manufacturer: Text.optional(),
  deviceName: z
    .array(
      z.strictObject({ name: Text, type: z.enum(['manufacturer-name', 'model-name', 'other']) }),
    )
    .min(1)
    .optional(),
  type: CodeableConcept.optional(),
});

/** The most entries one transaction may carry. */
const entriesMax = 10_000;

export const TransactionBundle = z.strictObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction'),
  entry: z
    .array(
      z.strictObject({
        fullUrl: z
          .string()
          .regex(
            /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
          ),
        resource: Observation,
        request: z.strictObject({
          method: z.literal('POST'),
          url: z.literal('Observation'),
          ifNoneExist: z.string().startsWith('identifier=').optional(),
        }),
      }),
    )
    .min(1)
    .max(entriesMax)
    // FHIR R4 bundle.html bdl-7: a fullUrl is unique in its bundle.
    .refine((entries) => new Set(entries.map((one) => one.fullUrl)).size === entries.length),
});

export type DeviceResource = z.output<typeof Device>;
export type FhirResource = z.output<typeof Observation> | DeviceResource;
export type TransactionEntry = z.output<typeof TransactionBundle>['entry'][number];
