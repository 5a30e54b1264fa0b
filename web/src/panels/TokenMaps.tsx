import { useEffect, useRef } from "react";
import { fileUrl } from "../api/routes";
import { useRuns } from "../api/runs";
import { densities, density, tokenMap, tokensByCall, type Report } from "../graph/report";

/** Where in the picture a technique worked and where it saved, how many tokens each call had, and what attention saw. */
export function TokenMaps({ report }: { report: Report }) {
  const map = tokenMap(report);
  const counts = tokensByCall(report);
  const share = density(report);
  const shares = densities(report);
  return (
    <>
      {map && <TokenMap rows={map} />}
      {counts && (
        <figure className="heat">
          <div className="bars" role="img" aria-label={`Tokens computed in each of ${counts.length} calls`}>
            {counts.map((count, i) => (
              <i key={i} style={{ height: `${Math.max(3, (100 * count) / Math.max(...counts, 1))}%` }} title={`call ${i + 1}: ${count} tokens`} />
            ))}
          </div>
          <figcaption>tokens computed, call by call</figcaption>
        </figure>
      )}
      {share !== null && (
        <figure className="heat">
          <div className="meter" role="meter" aria-label="Attention density" aria-valuemin={0} aria-valuemax={1} aria-valuenow={share}>
            <i style={{ width: `${100 * share}%` }} />
          </div>
          <figcaption>attention looked at {Number((100 * share).toPrecision(3))} % of all pairs</figcaption>
        </figure>
      )}
      {shares && (
        <figure className="heat">
          <div className="bars" role="img" aria-label={`Attention density of ${shares.length} blocks`} data-testid="density-by-block">
            {shares.map((one, i) => (
              <i key={i} style={{ height: `${Math.max(3, 100 * one)}%` }} title={`block ${i + 1}: ${Math.round(100 * one)} % of all pairs`} />
            ))}
          </div>
          <figcaption>attention density, block by block</figcaption>
        </figure>
      )}
    </>
  );
}

const ALWAYS = 9;

/** Dark where tokens were left out, clear where they were computed each time, over the picture that came out. */
function TokenMap({ rows }: { rows: readonly string[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const asset = useRuns((s) => Object.values(s.assets).at(-1)?.at(-1));
  const columns = Math.max(...rows.map((row) => row.length));
  useEffect(() => {
    const paint = canvas.current!.getContext("2d")!;
    const cells = paint.createImageData(columns, rows.length);
    rows.forEach((row, y) => {
      [...row].forEach((digit, x) => cells.data.set([24, 18, 64, Math.round((215 * (ALWAYS - Number(digit))) / ALWAYS)], 4 * (y * columns + x)));
    });
    paint.putImageData(cells, 0, 0);
  }, [rows, columns]);
  return (
    <figure className="heat">
      <div className="token-map" style={{ aspectRatio: `${columns} / ${rows.length}` }}>
        {asset && <img src={fileUrl(asset.folder, asset.name)} alt="" />}
        <canvas ref={canvas} width={columns} height={rows.length} role="img" aria-label="How often each token was computed" data-testid="token-map" />
      </div>
      <figcaption>dark: left out most often</figcaption>
    </figure>
  );
}
