import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';

const minuteMs = 60_000;

/** How many devices a model found strange for most of a minute. */
export interface StrainGauge {
  /** One device that is compared with itself, at one tick. */
  see(at: Instant, about: string, isAbove: boolean): void;
  /** Once a minute, where there is something to tell. */
  report(at: Instant, model: string): readonly Signal[];
}

interface Ticks {
  readonly all: number;
  readonly above: number;
}

const none: Ticks = { all: 0, above: 0 };

export function createStrainGauge(): StrainGauge {
  let since: number | undefined;
  const seen = new Map<string, Ticks>();

  return {
    see(at, about, isAbove) {
      since ??= at;
      const { all, above } = seen.get(about) ?? none;
      seen.set(about, { all: all + 1, above: above + (isAbove ? 1 : 0) });
    },
    report(at, model) {
      // A clock that was set back begins the minute anew.
      if (since === undefined || (at >= since && at - since < minuteMs)) return [];
      const beyond = [...seen.values()].filter(({ all, above }) => above > all / 2).length;
      const told: Signal = { kind: 'model-strain', at, model, devices: seen.size, beyond };
      since = undefined;
      seen.clear();
      return beyond > 0 ? [told] : [];
    },
  };
}
