import { loadCatalog } from "./api/catalog";
import { startReels } from "./api/reels";
import { startComparing } from "./canvas/comparing";
import { startMeasuring } from "./canvas/measuring";
import { startPlanning } from "./canvas/plan";
import { openFirst } from "./canvas/opening";
import { startGraphs } from "./canvas/grouping";
import { startChecking } from "./canvas/problems";
import { startWatching } from "./canvas/running";
import { startAutosave } from "./canvas/saving";
import { toastError } from "./canvas/surface";

const RETRY = 2000;

/** Everything that runs beside the components: saving, checking, events, and opening the first workflow. */
export function startPage(): void {
  startGraphs();
  startAutosave();
  startChecking();
  startWatching();
  startReels();
  startComparing();
  startPlanning();
  startMeasuring();
  void loadCatalog();
  void openUntilItWorks();
}

/** The server may be a moment away: a page without a workflow asks again. */
async function openUntilItWorks(): Promise<void> {
  for (;;) {
    try {
      return await openFirst();
    } catch (error) {
      toastError(error, "No workflow could be opened yet");
      await new Promise((resolve) => window.setTimeout(resolve, RETRY));
    }
  }
}
