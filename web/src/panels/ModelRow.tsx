import { useState } from "react";
import { loadOffers, useModels } from "../api/models";
import { getHash } from "../api/routes";
import type { ModelCard } from "../api/types";
import { formatBytes, formatCount, knownHash } from "../graph/models";

/** What a model file is, and what it hashes to when somebody asks. */
export function ModelRow({ model, used }: { model: ModelCard; used: boolean }) {
  const facts = [model.families.join(", "), model.variant, model.precision, model.parameters > 0 && `${formatCount(model.parameters)} parameters`].filter(Boolean);
  return (
    <li data-testid="model" title={model.layout ? `Tensor names: ${model.layout}` : undefined}>
      <div className="grow">
        <b>{model.name}</b>
        <span className="faint">{facts.join(" · ")}</span>
        {model.quantisation && <span className="faint">{model.quantisation}</span>}
        {model.problem && <span className="note bad">{model.problem}</span>}
        {model.kind !== "model" && <Hash model={model} />}
      </div>
      <span className="model-side">
        <span className="badge">{model.kind.replaceAll("_", " ")}</span>
        <span className="faint">{formatBytes(model.size)}</span>
        {used && <span className="badge cached">in use</span>}
      </span>
    </li>
  );
}

/** Large files take a while to read, so nobody hashes them unasked. */
function Hash({ model }: { model: ModelCard }) {
  const [told, setTold] = useState<{ sha256?: string; fault?: string } | "reading" | null>(null);
  const offers = useModels((s) => s.offers);
  const ask = () => {
    setTold("reading");
    void loadOffers();
    getHash(model.folder, model.name).then(setTold, (error: Error) => setTold({ fault: error.message }));
  };
  if (told === "reading") return <span className="faint">reading the file…</span>;
  if (told?.fault) return <span className="note bad">{told.fault}</span>;
  if (!told?.sha256) {
    return (
      <button type="button" className="link" aria-label={`SHA-256 of ${model.name}`} onClick={ask}>
        SHA-256
      </button>
    );
  }
  const known = knownHash(offers, model.name, told.sha256);
  return (
    <span className="hash">
      <code data-testid="hash">{told.sha256}</code>
      {known === "published" && <span className="badge cached">as published</span>}
      {known === "other" && <span className="badge off">not the file that the catalogue names</span>}
    </span>
  );
}
