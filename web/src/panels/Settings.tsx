import { useState } from "react";
import { freeMemory } from "../api/routes";
import { useRuns } from "../api/runs";
import { attempt } from "../canvas/opening";
import { usePrefs, type Theme } from "../canvas/prefs";
import { toast, useSurface } from "../canvas/surface";

const THEMES: readonly { theme: Theme; name: string }[] = [
  { theme: "auto", name: "As the system" },
  { theme: "dark", name: "Dark" },
  { theme: "light", name: "Light" },
];

/** How this browser shows things, and what the server is. */
export function Settings() {
  const { theme, snap, minimap } = usePrefs();
  const device = useRuns((s) => s.device);
  const [freed, setFreed] = useState(false);
  const free = async () => {
    await freeMemory();
    setFreed(true);
    toast("The worker forgets models and results in memory once it has nothing to do. What is on disk stays.");
  };
  return (
    <div className="panel-body settings">
      <fieldset>
        <legend>Theme</legend>
        {THEMES.map((entry) => (
          <label key={entry.theme} className="check">
            <input type="radio" name="theme" checked={theme === entry.theme} onChange={() => usePrefs.setState({ theme: entry.theme })} /> {entry.name}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>Canvas</legend>
        <label className="check">
          <input type="checkbox" checked={snap} onChange={() => usePrefs.setState({ snap: !snap })} /> Snap to the grid
        </label>
        <label className="check">
          <input type="checkbox" checked={minimap} onChange={() => usePrefs.setState({ minimap: !minimap })} /> Minimap
        </label>
        <button type="button" className="button" onClick={() => useSurface.setState({ dialog: "keys" })}>
          Keyboard map
        </button>
      </fieldset>
      <fieldset>
        <legend>Server</legend>
        <p className="faint">Models run on {device || "a device that is not known yet"}.</p>
        <button type="button" className="button" disabled={freed} onClick={() => attempt("Not freed", free)}>
          Free its memory
        </button>
      </fieldset>
    </div>
  );
}
