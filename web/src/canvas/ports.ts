import { hue, isGrey } from "../graph/colors";

/** The colour of a value type, lightness left to the theme. */
export function portColor(type: string): string {
  return isGrey(type) ? "var(--port-grey)" : `hsl(${hue(type)} var(--port-tone))`;
}
