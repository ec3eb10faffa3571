import { z } from 'zod';
import { defineCommand, jsonOption } from '../command.ts';
import { runDemo } from '../demo/demo.ts';

export default defineCommand({
  name: 'demo',
  summary: 'A simulated ward, a simulated hospital and one attack, with a gateway between them.',
  options: z.strictObject({
    seconds: z
      .number()
      .positive()
      .max(86_400)
      .optional()
      .describe('Ends by itself so long after the gateway is ready.'),
    chaos: z.boolean().default(false).describe('The hospital is cut, slowed and answers 500.'),
    json: jsonOption,
  }),
  example: 'wardgate demo --seconds 30 --json',

  async run({ options, print, remark, signal }) {
    const { seconds, chaos, json } = options;
    const summary = await runDemo({ seconds, chaos, signal, remark });
    if (json) print(JSON.stringify(summary));
    else {
      const { acknowledged, delivered, lost, duplicates, destinations, devices, findings } =
        summary;
      print(
        `${devices} devices; ${acknowledged} observations acknowledged, ${delivered} of them delivered.`,
      );
      print(`Lost: ${lost}. Duplicates: ${duplicates}.`);
      for (const { relay, stored } of destinations) {
        print(`By the relay ${relay} the hospital has ${stored} observations in all.`);
      }
      const { score, grade } = summary.rama;
      print(`RAMA of the ward: ${score} ${grade}.`);
      for (const { threat, detector, about, severity } of findings) {
        print(`Finding ${threat} ${detector}, ${severity}, about ${about}`);
      }
    }
    return summary.lost === 0 && summary.duplicates === 0 && summary.acknowledged > 0 ? 0 : 1;
  },
});
