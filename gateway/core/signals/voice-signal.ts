/** How long devices are silent. */
export type VoiceSignal =
  /** A second has passed; about no device. The moment on the clock that nobody sets, too. */
  | { readonly kind: 'tick'; readonly monotonicMs: number }
  /** A device has been silent for longer than its profile and its own habit say. */
  | { readonly kind: 'quiet'; readonly quietMs: number; readonly isBound: boolean }
  /** It was heard again. */
  | { readonly kind: 'heard'; readonly quietMs: number };
