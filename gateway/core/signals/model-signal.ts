/** What the models of the gateway say of what was seen, and what became of the models. */
export type ModelSignal =
  /** Three of the last five seconds were stranger than the device’s threshold. */
  | {
      readonly kind: 'behaviour-strange';
      readonly model: string;
      readonly score: number;
      readonly threshold: number;
      /** Conformal p-value: the share of its stretches of ten minutes that were as strange. */
      readonly rarity?: number | undefined;
      /** Its baseline is its own; else what its profile lets expect. */
      readonly isEnrolled: boolean;
      /** The features that contribute most, largest first, by how far from usual they are. */
      readonly features: Readonly<Record<string, number>>;
    }
  /** More identities than this gateway is used to were strange within a minute of each other. */
  | {
      readonly kind: 'fleet-strange';
      readonly model: string;
      readonly together: number;
      readonly identities: number;
      /** Of how many each feature contributed most, largest first. */
      readonly features: Readonly<Record<string, number>>;
      /** How far the gateway’s own figures are from usual. */
      readonly z: Readonly<Record<string, number>>;
    }
  /** In a minute: the devices with a baseline of their own, and those above the threshold most of it. */
  | {
      readonly kind: 'model-strain';
      readonly model: string;
      readonly devices: number;
      readonly beyond: number;
    }
  /** A detector found less than at the same hours of the days before; by chance this likely. */
  | {
      readonly kind: 'alert-rate';
      readonly source: string;
      readonly seen: number;
      readonly expected: number;
      readonly least: number;
      readonly withinMs: number;
      readonly chance: number;
    }
  /** Two of the last three looks at a patient’s vital signs were stranger than the model’s threshold. */
  | {
      readonly kind: 'vital-signs-strange';
      readonly model: string;
      readonly score: number;
      readonly threshold: number;
      /** The features that contribute most, largest first: names only, for figures are a patient’s. */
      readonly features: readonly string[];
    }
  /** A model was not loaded: the rules go on without it. */
  | { readonly kind: 'model-refused'; readonly model: string; readonly reason: string };
