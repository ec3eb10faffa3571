import { hashOfSecret } from '../core/secret-hash.ts';

/**
 * SHA-256 of secrets that makers ship their devices with, in small letters: those that the Mirai worm
 * tried (its source of 2016, as published), and those of common single-board computers. Hashes, so
 * that this file is no list to try; of secrets this short they hide nothing. Whoever has a secret that
 * is new in the list must choose another at the next sign-in. docs/users.md
 */
const known: ReadonlySet<string> = new Set([
  '10_w7o2juYBrGMh32_KbveULW9jk2tejpyUAD-uC6PE',
  '4u7JfahoTVcg_ha38MD64oUujfy3BqrDZ8BWIoslRuY',
  '6XQHc15JApyW5XCMck_Jzle2M126gEqJMyD8t8CgeVM',
  '7F8EvPfEiFJJXX5ZaQ73V5BOyjLeVRAbLUDnUYZTFzo',
  '8VJvUyBFyWAMK1NFQNvaJlVc9IrP_zQlwb4g6iOIZ7A',
  'A6xnQhbz4Vx2HuGl4lXwZ5U2I8iziLRFnhP5eNfIRvQ',
  'BPiZbadjt6lpsQKO4wB1aerzpjVIbdqyEdUSyFud-Ps',
  'CDTC1gclrFkCJXs7eN0WGtJtHAKQ2_HkfMFK3VuMgUI',
  'CEPkiGrB0_H9I8fDyI8ybV2Vn5BD4nFMAThtO0dfozA',
  'COIgfZdlXEeXU_mUP0-iEsGSi-HWrZ2QvPNk89v_SHM',
  'DYnbWq4793l970ONIYTVjZtqqoZkUjHwVMblL0Ca62I',
  'D_4avRoIIVNTwjPW4AlhPpXuxCU4Mqdhryj_N6xaFQw',
  'GjRrNeAQCfkPU1rInx542I8a-7hH3Kf4DPXHoovWlxk',
  'GvTPoK6MtIyZ3sHhfi544cDcjYQZTAeFN8ebK_sQltQ',
  'GxJkE-oKoxJb-jRntyfyY_mnLYA8Xl2LO64czUp1mss',
  'IPN2WIClwmm3R-HpBgVKS0o6mRJZ8eFrXd5HQs7CMZo',
  'JVijTU0glkyh0nKrJszOlRHYgFeVk81MngGrke0A8yU',
  'N6juwc4ZaH0TL-KQUdymKdFk4sSVi6FB1fQTOjPwaI8',
  'R8JoO0a8LAsONo-4de6A-SXTAYjT5yjNYv-uNLjCoPA',
  'Rg66mxKNepdCrgFQy3_SolZiFwcKFL-_q9obY5axbwg',
  'SBNJTRN-FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I',
  'WZRHGrsBESr8wYFZ9sx0tPURuZgG2lmzyvWpwXPKz8U',
  'X-tILnVVGLy2vi85xv7wCh9USSYjklYOOs0dA1YNYYM',
  'XZURyBqMJmbgdRt4PgHYQmjA8mEbldXB1sQu0Ab9KZE',
  'XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg',
  'Xs-u8YnJI1iWJiikfWco1zk17SJcQyScXmzU176CohA',
  'YJ880CWSZNyEhH6pjlCVsTtImk7WuddzSf4TVq1bhAs',
  '_pu9QAu2yzFFMeNGJQdmFAGVmvxpqulrxq7CwhO4O8E',
  'fgcf2bAj7Y8YRYpzYToINPYiC9XMUDV7o0k8YECp6ow',
  'hEDChoHPd8nAjkplcO4GRRRF3TSVq77TrdVcLknjP5k',
  'hJg8YPfarcHLhphiH4AsDZ-aPDwpXIEHSPsEgRXBhuw',
  'jGl25bVBBBW96Qi9Te4V37Fnqchz_Eu4qB9vKrRIqRg',
  'jZae727K08KaOmKSgOaGzww_XVqGr_PKEgIMkjrcbJI',
  'jx2HxZUxz4uKIvCsOg6i4tV77TUfg9vXLyYtdW5P1qY',
  'kpJUiLKKsSWErI_KqKJ6D0l7LGKUDI9PvI7xnryHxD4',
  'lO3yjG1to4_TXXrVPkhTB_ifvq8SBIXI0XpD8yPe7nE',
  'mvFbM25qlhmShTffMLLmojdlafz51-dz7M7eZWBlKaA',
  'nfawJqjGwm48Os0jcKFuk__9wAFf9b2Hkhh4gCXbAoA',
  'nxi688_Qa9xWH43id2jS2kl-NFiLf_DdVbm_90FkOS0',
  'oYYDCG5b3534jMyfWgg_7Qk-gZl26HRWt02vy9cBERQ',
  'rJaJ4ickJwheNbnT4-i-2IyzQ0gotDuG_AWWytTG4nA',
  'u8XmYeEGxtzY3G3RhkVML8ujxxD7TY5xpgyT6vB38HM',
  'yAnCFPpyK3emWc_9H8Z6mPOZe3E47bY-6NtDc5zpE84',
]);

/** Whether somebody’s devices come with it, however its letters are written. */
export function isDefaultSecret(secret: string): boolean {
  return known.has(hashOfSecret(secret.toLowerCase()));
}
