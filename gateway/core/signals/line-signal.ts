/** What was seen on a serial line, or a cable over the network. */
export type LineSignal =
  | { readonly kind: 'line-opened' }
  | { readonly kind: 'line-closed'; readonly cause: string }
  | { readonly kind: 'line-damaged'; readonly discardedBytes: number }
  /** Somebody spoke on a link that belongs to one peer alone; so often since the last report. */
  | { readonly kind: 'stranger'; readonly count: number };
