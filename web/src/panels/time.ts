/** A moment (seconds since 1970) as people say it. */
export function ago(moment: number, now = Date.now() / 1000): string {
  const seconds = Math.max(0, now - moment);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(moment * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}
