import { useState, type CSSProperties } from "react";
import { fileUrl, getJob } from "../api/routes";
import type { Asset } from "../api/types";
import { differences } from "../graph/difference";
import { useFetched } from "./loading";

const SHOWN = 8;

/** Two pictures over each other with a slider, and in what their workflows differ. */
export function Compare({ before, after }: { before: Asset; after: Asset }) {
  const [share, setShare] = useState(50);
  return (
    <figure className="compare" style={{ "--share": `${share}%`, "--aspect": after.width / after.height || 1 } as CSSProperties} data-testid="compare">
      <div className="room">
        <div className="stack">
          <img src={fileUrl(after.folder, after.name)} alt={after.name} />
          <img className="over" src={fileUrl(before.folder, before.name)} alt={before.name} />
          <span className="edge" />
          <input type="range" aria-label="How much of the earlier picture to show" value={share} onChange={(event) => setShare(Number(event.target.value))} />
        </div>
      </div>
      <Differences before={before} after={after} />
    </figure>
  );
}

function Differences({ before, after }: { before: Asset; after: Asset }) {
  const { data, fault } = useFetched(() => Promise.all([getJob(before.job), getJob(after.job)]), [before.job, after.job]);
  if (fault) return <figcaption>What differs is not known any more: {fault}</figcaption>;
  if (!data) return <figcaption>…</figcaption>;
  const found = differences(data[0].document, data[1].document);
  if (!found.length) return <figcaption>Both were made by the same workflow with the same values.</figcaption>;
  return (
    <figcaption>
      <table>
        <thead>
          <tr>
            <th />
            <th>{before.name}</th>
            <th>{after.name}</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, SHOWN).map((difference) => (
            <tr key={difference.where}>
              <th>{difference.where}</th>
              <td>{difference.before || "not set"}</td>
              <td>{difference.after || "not set"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length > SHOWN && `and ${found.length - SHOWN} more`}
    </figcaption>
  );
}
