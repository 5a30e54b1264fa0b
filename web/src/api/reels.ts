import { create } from "zustand";
import { parents } from "../graph/levels";
import { hasPreview, pushPreview } from "./previews";
import { frameUrl, getReels } from "./routes";
import { useRuns } from "./runs";

/** The previews of the run on display, kept by the server: how many each node has, and which one is looked at. */
interface ReelsState {
  job: string | null;
  frames: Readonly<Record<string, number>>;
  at: Readonly<Record<string, number>>;
}

export const useReels = create<ReelsState>(() => ({ job: null, frames: {}, at: {} }));

/** Fetch what there is to look at whenever a run is over, also one that is only heard of again. */
export function startReels(): void {
  useRuns.subscribe((state, before) => {
    const run = state.run;
    if (run?.job === before.run?.job && run?.status === before.run?.status) return;
    if (!run || run.status === "running" || run.status === "queued") useReels.setState({ job: null, frames: {}, at: {} });
    else void load(run.job);
  });
}

async function load(job: string): Promise<void> {
  const answer = await getReels(job).catch(() => null);
  if (!answer || useRuns.getState().run?.job !== job) return;
  useReels.setState({ job, frames: answer.frames, at: {} });
  for (const [node, count] of Object.entries(answer.frames)) if (!hasPreview(node)) void show(job, node, count - 1);
}

/** Look at another step of a node. */
export function scrub(node: string, index: number): void {
  const { job } = useReels.getState();
  if (job === null) return;
  useReels.setState((s) => ({ at: { ...s.at, [node]: index } }));
  void show(job, node, index);
}

/** Draw a kept frame where live ones are drawn: on the node's card, and on those of the subgraphs around it. */
async function show(job: string, node: string, index: number): Promise<void> {
  const image = await fetch(frameUrl(job, node, index)).then(
    (response) => (response.ok ? response.blob() : null),
    () => null,
  );
  const { at, job: current } = useReels.getState();
  // The slider may have gone on meanwhile.
  if (!image || current !== job || (at[node] ?? index) !== index) return;
  const shown = [node, ...parents(node)];
  useRuns.setState(({ previewAspects }) => ({ previewAspects: { ...Object.fromEntries(shown.map((id) => [id, 1])), ...previewAspects } }));
  for (const id of shown) pushPreview(id, image);
}

/** The node at or below a card whose steps can be looked at. */
export function reelAt(frames: Readonly<Record<string, number>>, flat: string): string | null {
  const found = frames[flat] ? flat : Object.keys(frames).find((node) => node.startsWith(`${flat}/`));
  return found !== undefined && (frames[found] ?? 0) > 1 ? found : null;
}
