/** What the models of the gateway say of what was seen, and what became of the models. */
export type ModelSignal =
  /** Three of the last five seconds were stranger than the device’s threshold. */
  | {
      readonly kind: 'behaviour-strange';
      readonly model: string;
      readonly score: number;
      readonly threshold: number;
      /** Its baseline is its own; else what its profile lets expect. */
      readonly isEnrolled: boolean;
      /** The features that contribute most, largest first, by how far from usual they are. */
      readonly features: Readonly<Record<string, number>>;
    }
  /** A model was not loaded: the rules go on without it. */
  | { readonly kind: 'model-refused'; readonly model: string; readonly reason: string };
