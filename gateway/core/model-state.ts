import { z } from 'zod';

/** Names a model: a shipped one by its name, a site's own as `site-3`. */
export const modelId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

/** Which models of a site are in use. */
export const ModelState = z.strictObject({
  /** Its findings count. */
  active: modelId,
  /** What was active before, to go back to. */
  previous: modelId.optional(),
  /** Scores too, and is counted only. */
  shadow: modelId.optional(),
});
export type ModelState = z.output<typeof ModelState>;

/** What a site begins with. */
export const firstModelState: ModelState = { active: 'traffic-pca' };
