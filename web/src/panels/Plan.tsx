import { usePlan, type Plan } from "../canvas/plan";
import type { PartMemory, PlannedMemory } from "../api/types";
import { fill, loadedParts } from "../graph/memory";
import { formatBytes } from "../graph/models";
import { useJump } from "./Problems";

/** What the next run would do: what is computed, what comes from the cache, and what memory it takes. */
export function PlanView() {
  const plan = usePlan((s) => s.plan);
  return plan && <Shown {...plan} />;
}

function Shown({ runs, reused, memory }: Plan) {
  return (
    <section className="plan" data-testid="plan">
      <h3>Next run</h3>
      <p className="faint">{runs.size ? `${runs.size} to compute, ${reused.size} from the cache` : "Everything is there already: nothing to compute."}</p>
      {memory && memory.peak > 0 && <Memory memory={memory} />}
      <ul className="chips">
        {[...runs].map((id) => (
          <Chip key={id} id={id} kept={false} />
        ))}
        {[...reused].map((id) => (
          <Chip key={id} id={id} kept />
        ))}
      </ul>
    </section>
  );
}

function Chip({ id, kept }: { id: string; kept: boolean }) {
  const jump = useJump();
  return (
    <li>
      <button type="button" className={kept ? "kept" : ""} title={kept ? "From the cache" : undefined} onClick={() => jump(id)}>
        {id}
      </button>
    </li>
  );
}

function Memory({ memory }: { memory: PlannedMemory }) {
  const jump = useJump();
  const { share, over } = fill(memory);
  const parts = loadedParts(memory);
  return (
    <div className="memory" data-testid="plan-memory">
      <div className={`meter ${over ? "over" : ""}`} role="meter" aria-label="Expected memory" aria-valuemin={0} aria-valuemax={memory.budget} aria-valuenow={memory.peak}>
        <i style={{ width: `${100 * share}%` }} />
      </div>
      <p className={over ? "note bad" : "faint"}>
        {formatBytes(memory.peak)} of {formatBytes(memory.budget)} on {memory.device}
        {over && ": more than there is. Choose a smaller precision or picture."}
        {memory.at && (
          <>
            , most at{" "}
            <button type="button" className="link" onClick={() => jump(memory.at)}>
              {memory.at}
            </button>
          </>
        )}
      </p>
      {parts.length > 0 && (
        <ul className="parts">
          {parts.map(({ node, part }) => (
            <li key={`${node} ${part.name} ${part.model}`} title={`Loaded by ${node}: ${formatBytes(part.file)} on disk`}>
              <span className="grow">
                {part.name} <span className="faint">{factsOf(part)}</span>
              </span>
              <b>{formatBytes(part.bytes)}</b>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function factsOf({ model, precision, placement }: PartMemory): string {
  return [model, precision, placement === "offloaded" && "block by block"].filter(Boolean).join(" · ");
}
