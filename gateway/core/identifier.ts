/** What in a text names a person, of those identifiers that have a form or a checksum of their own. */
export const identifierKinds = ['e-mail', 'telephone', 'ssn', 'nhs', 'iban', 'kvnr'] as const;
export type IdentifierKind = (typeof identifierKinds)[number];

/** Text beyond it is no name of anything. */
const textCharsMax = 512;

const forms: readonly {
  readonly kind: IdentifierKind;
  readonly form: RegExp;
  readonly isValid?: (text: string) => boolean;
}[] = [
  { kind: 'e-mail', form: /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g },
  // E.164, and the way it is written in North America.
  {
    kind: 'telephone',
    form: /\+\d{1,3}[ ()/-]?\d(?:[ ()/-]?\d){6,12}\b|\(\d{3}\) ?\d{3}-\d{4}\b/g,
  },
  // 20 CFR 422.103: neither 000, 666 nor 9xx, nor a group or serial of zeros.
  { kind: 'ssn', form: /\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b/g },
  { kind: 'nhs', form: /\b\d{3}[ -]?\d{3}[ -]?\d{4}\b/g, isValid: isNhsNumber },
  { kind: 'iban', form: /\b[A-Z]{2}\d{2}(?: ?[A-Z\d]){11,30}\b/g, isValid: isIban },
  { kind: 'kvnr', form: /\b[A-Z]\d{9}\b/g, isValid: isKvnr },
];

/** The kinds of identifiers that a text holds. */
export function identifiersIn(text: string): readonly IdentifierKind[] {
  const read = text.slice(0, textCharsMax);
  return forms.flatMap(({ kind, form, isValid = () => true }) =>
    (read.match(form) ?? []).some((found) => isValid(found)) ? [kind] : [],
  );
}

/** NHS Data Dictionary: weights 10 to 2, modulo 11. */
function isNhsNumber(text: string): boolean {
  const digits = digitsOf(text);
  const sum = digits.slice(0, 9).reduce((total, digit, index) => total + digit * (10 - index), 0);
  const check = (11 - (sum % 11)) % 11;
  return check < 10 && check === digits[9] && digits.some((digit) => digit !== digits[0]);
}

/** ISO 13616: the first four characters behind the rest, letters as numbers, modulo 97 is 1. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  const moved = plain.slice(4) + plain.slice(0, 4);
  let rest = 0;
  for (const sign of moved) {
    for (const digit of Number.parseInt(sign, 36).toString()) {
      rest = (rest * 10 + Number(digit)) % 97;
    }
  }
  return rest === 1;
}

/** German health insurance number: the letter as two digits, weights 1 and 2 in turn, modulo 10. */
function isKvnr(text: string): boolean {
  const letter = (text.charCodeAt(0) - 64).toString().padStart(2, '0');
  const digits = digitsOf(letter + text.slice(1));
  const sum = digits
    .slice(0, 10)
    .map((digit, index) => digit * (1 + (index % 2)))
    .reduce((total, product) => total + Math.floor(product / 10) + (product % 10), 0);
  return sum % 10 === digits[10];
}

function digitsOf(text: string): readonly number[] {
  return [...text.replaceAll(/\D/g, '')].map(Number);
}
