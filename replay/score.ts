/** A stretch of the trace in which somebody attacked. Seconds. */
export interface Label {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Who attacked; undefined: anybody may have. */
  readonly srcs?: readonly string[] | undefined;
}

/** A finding in the time of the trace. */
export interface Alert {
  readonly t: number;
  readonly threat: string;
  readonly detector: string;
  /** The source it is about, or undefined for another device, an address or the gateway. */
  readonly src?: string | undefined;
}

export interface EpisodeScore extends Label {
  readonly isDetected: boolean;
  /** From the begin of the attack to the first alert. */
  readonly seconds?: number | undefined;
  readonly by?: string | undefined;
}

export interface Score {
  readonly episodes: readonly EpisodeScore[];
  readonly truePositiveRate: number | undefined;
  /** Alerts that no attack explains, by detector. */
  readonly falseAlarms: Readonly<Record<string, number>>;
  readonly deviceDays: number;
  readonly falseAlarmsPerDeviceDay: number;
}

/** An attack may be noticed a little after it is over. */
const graceSeconds = 60;

/** Scores by the episode: an attack is found or it is not, however often something is said of it. */
export function score(
  alerts: readonly Alert[],
  labels: readonly Label[],
  sources: readonly string[],
  traceSeconds: number,
): Score {
  const isBy = ({ srcs }: Label, src: string | undefined) =>
    srcs === undefined || src === undefined || srcs.includes(src);
  const explains = (label: Label, { t, src }: Alert) =>
    t >= label.from && t <= label.to + graceSeconds && isBy(label, src);
  const episodes = labels.map((label) => {
    const first = alerts.filter((alert) => explains(label, alert)).sort((a, b) => a.t - b.t)[0];
    if (!first) return { ...label, isDetected: false };
    const by = `${first.threat} ${first.detector}`;
    return { ...label, isDetected: true, seconds: first.t - label.from, by };
  });
  const unexplained = alerts.filter((alert) => !labels.some((label) => explains(label, alert)));
  const falseAlarms: Record<string, number> = {};
  for (const { detector } of unexplained) falseAlarms[detector] = (falseAlarms[detector] ?? 0) + 1;
  const ordinarySeconds = sources.map((src) =>
    labels
      .filter((label) => isBy(label, src))
      .reduce((left, { from, to }) => Math.max(0, left - (to - from)), traceSeconds),
  );
  const deviceDays = ordinarySeconds.reduce((sum, each) => sum + each, 0) / 86_400;
  const detected = episodes.filter(({ isDetected }) => isDetected).length;
  return {
    episodes,
    truePositiveRate: episodes.length === 0 ? undefined : detected / episodes.length,
    falseAlarms,
    deviceDays,
    falseAlarmsPerDeviceDay: deviceDays === 0 ? 0 : unexplained.length / deviceDays,
  };
}
