/** Where a device stands or a patient lies (HL7 v2 PL, components 1 to 3). Empty where not said. */
export interface Place {
  /** Point of care: the ward. */
  readonly ward: string;
  readonly room: string;
  readonly bed: string;
}

/**
 * The same text for the same place, whoever wrote it: outer spaces and case make no difference,
 * anything else does; `1` is not `01`, and a place without its room is another place. Undefined
 * where no bed of a ward is named: a bed's number alone is found in many wards.
 */
export function bedOf({ ward, room, bed }: Place): string | undefined {
  const parts = [ward, room, bed].map((part) => part.trim().toUpperCase());
  return parts[0] === '' || parts[2] === '' ? undefined : parts.join('\n');
}
