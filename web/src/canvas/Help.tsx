import { useReactFlow } from "@xyflow/react";
import { useCatalog } from "../api/catalog";
import type { NodeSchema } from "../api/types";
import { label } from "../graph/catalog";
import { Icon } from "../panels/Icon";
import { useEditor } from "./editor";
import { portColor } from "./ports";
import { useSurface } from "./surface";

const WIDTH = 330;

/** What a node does, its inputs and where it comes from, next to its card. */
export function Help() {
  const id = useSurface((s) => s.help);
  const card = useEditor((s) => (id ? s.cards[id] : undefined));
  const schema = useCatalog((s) => s.catalog[card?.type ?? ""]);
  const flow = useReactFlow();
  if (!card || !schema) return null;
  const at = flow.flowToScreenPosition({ x: card.x + (card.width || 240) + 14, y: card.y });
  const left = Math.max(8, Math.min(at.x, innerWidth - WIDTH - 72));
  const top = Math.max(56, Math.min(at.y, innerHeight - 360));
  return (
    <div className="popover help" style={{ left, top, width: WIDTH }} role="dialog" aria-label={`Help for ${schema.title}`} data-testid="help">
      <header>
        <b>{schema.title}</b>
        <button type="button" className="w-icon" aria-label="Close help" onClick={() => useSurface.setState({ help: null })}>
          <Icon name="cancel" />
        </button>
      </header>
      <NodeDocs schema={schema} />
    </div>
  );
}

export function NodeDocs({ schema }: { schema: NodeSchema }) {
  return (
    <div className="docs">
      <p>{schema.description}</p>
      {schema.inputs.length > 0 && (
        <dl>
          {schema.inputs.map((input) => (
            <div key={input.name}>
              <dt>
                <i className="dot" style={{ background: portColor(input.type) }} /> {label(input.name)} <small>{input.type}</small>
              </dt>
              <dd>{input.help}</dd>
            </div>
          ))}
        </dl>
      )}
      {schema.references.length > 0 && <References list={schema.references} />}
      <p className="faint">
        {schema.category} · <code>{schema.id}</code>
      </p>
    </div>
  );
}

function References({ list }: { list: readonly string[] }) {
  return (
    <ul className="references">
      {list.map((text) => {
        const url = /https?:\/\/[^\s)>\]]+/.exec(text)?.[0].replace(/[.,;]$/, "");
        const words = url ? text.replace(url, "").replace(/[\s,;:]+$/, "") : text;
        return (
          <li key={text}>
            {url ? (
              <a href={url} target="_blank" rel="noreferrer noopener">
                {words || url}
              </a>
            ) : (
              words
            )}
          </li>
        );
      })}
    </ul>
  );
}
