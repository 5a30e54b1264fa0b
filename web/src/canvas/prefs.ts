import { create } from "zustand";

/** What this browser remembers about how its user likes things. */
export type Theme = "auto" | "dark" | "light";
export type Tab = "gallery" | "queue" | "problems" | "workflows" | "inspector" | "models" | "app" | "settings";

interface Prefs {
  theme: Theme;
  snap: boolean;
  minimap: boolean;
  tab: Tab | null;
  recent: readonly string[];
}

const KEY = "patchloom.prefs";
const WIDE = 900;
const DEFAULTS: Prefs = { theme: "auto", snap: false, minimap: true, tab: null, recent: [] };

function remembered(): Prefs {
  try {
    const prefs = { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>) };
    // On a phone a panel covers everything, so none is open at the start.
    return innerWidth < WIDE ? { ...prefs, tab: null } : prefs;
  } catch {
    return DEFAULTS;
  }
}

export const usePrefs = create<Prefs>(() => remembered());

usePrefs.subscribe((prefs) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // Storage may be full or forbidden; preferences then last as long as the page.
  }
});

export function toggleTab(tab: Tab): void {
  usePrefs.setState((p) => ({ tab: p.tab === tab ? null : tab }));
}

export function openTab(tab: Tab): void {
  usePrefs.setState({ tab });
}

export function noteUsed(type: string): void {
  usePrefs.setState((p) => ({ recent: [type, ...p.recent.filter((t) => t !== type)].slice(0, 8) }));
}

const dark = matchMedia("(prefers-color-scheme: dark)");

export function themeInForce(theme: Theme): "dark" | "light" {
  if (theme !== "auto") return theme;
  return dark.matches ? "dark" : "light";
}

/** Keep <html data-theme> in step with the preference and the system. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset["theme"] = themeInForce(usePrefs.getState().theme);
  };
  apply();
  usePrefs.subscribe(apply);
  dark.addEventListener("change", apply);
}
