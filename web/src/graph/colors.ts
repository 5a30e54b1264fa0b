/** Every value type has a hue; lightness and saturation come from the theme, so both themes stay readable. */
const HUES: Readonly<Record<string, number>> = {
  Model: 258,
  TextEncoder: 46,
  Vae: 356,
  Conditioning: 26,
  Latent: 322,
  Image: 208,
  Mask: 138,
  Video: 190,
  Sigmas: 64,
  Sampler: 96,
  Guider: 14,
  Noise: 286,
  int: 176,
  float: 86,
  bool: 10,
};

/** Text and choices are drawn in grey, like `Any`: they are everywhere. */
const GREY = new Set(["str", "choice", "Any"]);

export function isGrey(type: string): boolean {
  return GREY.has(type);
}

/** A stable hue for any type, also those of plug-ins. */
export function hue(type: string): number {
  const fixed = HUES[type];
  if (fixed !== undefined) return fixed;
  let hash = 7;
  for (const letter of type) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
  return ((hash % 360) + 360) % 360;
}

const CATEGORY_HUES: Readonly<Record<string, number>> = {
  loaders: 258,
  conditioning: 40,
  latents: 322,
  schedules: 176,
  samplers: 290,
  guidance: 16,
  caching: 192,
  attention: 232,
  tokens: 150,
  quantization: 96,
  control: 344,
  editing: 124,
  video: 200,
  images: 210,
  logic: 64,
  measure: 166,
};

/** The hue of a node's category, such as `samplers` or `images/edit`. */
export function categoryHue(category: string): number {
  const top = category.split("/")[0] || "other";
  return CATEGORY_HUES[top] ?? hue(top);
}

/** Colours that a user may give a card or a group, by name, as hues. */
export const CARD_COLORS: Readonly<Record<string, number>> = {
  red: 356,
  orange: 26,
  yellow: 46,
  green: 138,
  teal: 176,
  blue: 212,
  violet: 262,
  pink: 322,
};
