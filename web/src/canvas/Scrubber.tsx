import { reelAt, scrub, useReels } from "../api/reels";
import { frameUrl } from "../api/routes";

/** A slider over the steps of a run that is over. */
export function Scrubber({ flat }: { flat: string }) {
  const node = useReels((s) => reelAt(s.frames, flat));
  const count = useReels((s) => (node ? s.frames[node]! : 0));
  const at = useReels((s) => (node ? (s.at[node] ?? count - 1) : 0));
  if (!node) return null;
  return (
    <label className="scrubber nodrag nopan" data-testid="scrubber">
      <input type="range" min={0} max={count - 1} value={at} aria-label={`Step of ${node}`} onChange={(event) => scrub(node, Number(event.target.value))} />
      <output>
        {at + 1}/{count}
      </output>
    </label>
  );
}

/** The same with the picture of the step, for a panel. */
export function Reel({ flat }: { flat: string }) {
  const job = useReels((s) => s.job);
  const node = useReels((s) => reelAt(s.frames, flat));
  const at = useReels((s) => (node ? (s.at[node] ?? s.frames[node]! - 1) : 0));
  if (!node || job === null) return null;
  return (
    <figure className="reel">
      <img src={frameUrl(job, node, at)} alt={`Preview ${at + 1} of ${node}`} />
      <Scrubber flat={flat} />
    </figure>
  );
}
