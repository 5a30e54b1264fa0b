import type { ReactNode } from "react";
import { queueLength, useRuns } from "../api/runs";
import { toggleTab, usePrefs, type Tab } from "../canvas/prefs";
import { allProblems, useProblems } from "../canvas/problems";
import { AppPanel } from "./AppPanel";
import { Gallery } from "./Gallery";
import { Icon, type IconName } from "./Icon";
import { Inspector } from "./Inspector";
import { Models } from "./Models";
import { Problems } from "./Problems";
import { Queue } from "./Queue";
import { Settings } from "./Settings";
import { Workflows } from "./Workflows";

const TABS: readonly { tab: Tab; title: string; icon: IconName; panel: () => ReactNode }[] = [
  { tab: "gallery", title: "Gallery", icon: "gallery", panel: Gallery },
  { tab: "queue", title: "Queue", icon: "queue", panel: Queue },
  { tab: "problems", title: "Problems", icon: "error", panel: Problems },
  { tab: "workflows", title: "Workflows", icon: "workflows", panel: Workflows },
  { tab: "inspector", title: "Inspector", icon: "inspector", panel: Inspector },
  { tab: "models", title: "Models", icon: "models", panel: Models },
  { tab: "app", title: "App", icon: "app", panel: AppPanel },
  { tab: "settings", title: "Settings", icon: "settings", panel: Settings },
];

/** The open panel, and the rail of tabs that opens and closes it. */
export function Sidebar() {
  const open = usePrefs((s) => s.tab);
  const shown = TABS.find((t) => t.tab === open);
  const Panel = shown?.panel;
  return (
    <>
      {Panel && (
        <aside className="panel" aria-label={shown.title} data-testid={`panel-${shown.tab}`}>
          <header>
            <h2>{shown.title}</h2>
            <button type="button" className="w-icon" aria-label={`Close ${shown.title}`} onClick={() => toggleTab(shown.tab)}>
              <Icon name="cancel" />
            </button>
          </header>
          <Panel />
        </aside>
      )}
      <nav className="rail" aria-label="Panels">
        {TABS.map(({ tab, title, icon }) => (
          <button key={tab} type="button" className={tab === open ? "on" : ""} aria-pressed={tab === open} data-testid={`tab-${tab}`} title={title} onClick={() => toggleTab(tab)}>
            <Icon name={icon} size={18} />
            <span>{title}</span>
            <Count tab={tab} />
          </button>
        ))}
      </nav>
    </>
  );
}

function Count({ tab }: { tab: Tab }) {
  const problems = useProblems((s) => allProblems(s).length);
  const errors = useProblems((s) => allProblems(s).some((p) => p.severity === "error"));
  const jobs = useRuns((s) => queueLength(s) + (s.running ? 1 : 0));
  if (tab === "problems" && problems) return <b className={errors ? "bad" : "warn"}>{problems}</b>;
  return tab === "queue" && jobs ? <b>{jobs}</b> : null;
}
