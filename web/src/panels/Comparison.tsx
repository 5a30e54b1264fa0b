import { plot, verdict, type Measured } from "../graph/comparison";

/** What techniques cost and keep, beside the plain run and plain runs of fewer steps: a plot and a table. */
export function Comparison({ rows }: { rows: readonly Measured[] }) {
  const told = verdict(rows);
  return (
    <div className="comparison" data-testid="comparison">
      <p className={told.startsWith("Worth") ? "good" : "warn"}>
        <b>{told}</b>
      </p>
      <Plot rows={rows} />
      <Table rows={rows} />
    </div>
  );
}

const WIDTH = 300;
const HEIGHT = 150;
const PAD = { left: 30, right: 12, top: 10, bottom: 26 };
const across = (share: number) => PAD.left + share * (WIDTH - PAD.left - PAD.right);
const down = (share: number) => PAD.top + share * (HEIGHT - PAD.top - PAD.bottom);

function Plot({ rows }: { rows: readonly Measured[] }) {
  const { spots, curve, costs, errors } = plot(rows);
  return (
    <figure className="cost-plot">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Latent error against time, both against the plain run" data-testid="cost-plot">
        <path className="axis-line" d={`M${across(0)} ${down(0)}V${down(1)}H${across(1)}`} />
        {[0, 0.5, 1].map((cost) => (
          <text key={cost} x={across(cost / costs)} y={HEIGHT - 13} textAnchor="middle">
            {cost}
          </text>
        ))}
        <text x={across(0) - 4} y={down(1)} textAnchor="end">
          0
        </text>
        <text x={across(0) - 4} y={down(0.09) + 4} textAnchor="end">
          {Number((errors / 1.1).toPrecision(2))}
        </text>
        <text x={across(1)} y={HEIGHT - 1} textAnchor="end">
          time →
        </text>
        <text x={across(0) + 5} y={down(0) + 6}>
          ↑ latent error
        </text>
        <polyline className="plain-line" points={curve.map(({ x, y }) => `${across(x)},${down(y)}`).join(" ")} />
        {spots.map((spot, i) => (
          <circle key={spot.name} className={i === 1 ? "mine" : "plain"} cx={across(spot.x)} cy={down(spot.y)} r={i === 1 ? 5 : 3.5}>
            <title>{`${spot.name}: ${spot.steps} steps, ${spot.time}× the time, latent error ${spot.latentError}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption>
        <span>
          <i className="swatch mine" /> with techniques
        </span>
        <span>
          <i className="swatch plain" /> plain runs of fewer steps
        </span>
      </figcaption>
    </figure>
  );
}

const FIGURES: readonly { name: string; hint: string; of: (row: Measured) => string }[] = [
  { name: "Steps", hint: "Sampling steps", of: (row) => String(row.steps) },
  { name: "Time", hint: "Against the plain run", of: (row) => `${row.time.toFixed(2)}×` },
  { name: "Work", hint: "Block calls, tokens or query-key pairs computed, against the plain run; as the techniques count", of: (row) => (row.work === null ? "" : `${row.work.toFixed(2)}×`) },
  { name: "PSNR", hint: "To the plain picture; higher is nearer", of: (row) => (row.ssim === null ? "" : row.psnr === null ? "same" : `${row.psnr.toFixed(1)} dB`) },
  { name: "SSIM", hint: "To the plain picture; 1 is the same", of: (row) => row.ssim?.toFixed(3) ?? "" },
  { name: "Latent error", hint: "To the plain latent; 0 is the same", of: (row) => row.latentError.toFixed(3) },
  { name: "Prompt kept", hint: "Share of the prompt's facts that a judge saw in the picture", of: (row) => (row.accuracy === null ? "" : `${Math.round(100 * row.accuracy)} %`) },
];

/** The three runs that matter, side by side; the others are points of the plot. */
function Table({ rows }: { rows: readonly Measured[] }) {
  const runs = rows.slice(0, 3);
  return (
    <table>
      <thead>
        <tr>
          <td />
          <th scope="col">Plain</th>
          <th scope="col" className="mine">
            Techniques
          </th>
          <th scope="col">Fewer steps</th>
        </tr>
      </thead>
      <tbody>
        {FIGURES.filter(({ of }) => runs.some((row) => of(row))).map(({ name, hint, of }) => (
          <tr key={name} title={hint}>
            <th scope="row">{name}</th>
            {runs.map((row, i) => (
              <td key={row.name} className={i === 1 ? "mine" : ""}>
                {of(row) || "–"}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
