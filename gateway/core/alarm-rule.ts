/** So many of the last ticks must be strange before it is said: one odd second is not news. */
export const strangeTicks = 3;
export const lookedAtTicks = 5;

/** What is strange again within this time is the same episode. */
export const episodeMs = 600_000;
