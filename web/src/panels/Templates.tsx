import { useState, type KeyboardEvent } from "react";
import "../styles/templates.css";
import { getTemplates } from "../api/routes";
import { attempt } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { findTemplates, tagsOf } from "../graph/templates";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Modal } from "./Modal";
import { Note } from "./Note";
import { startTemplate } from "./starting";
import { TemplateCard } from "./TemplateCard";

const close = () => useSurface.setState({ dialog: null });

/** The gallery of templates: what each makes, found by words and by what it is about. */
export default function Templates() {
  const { data, fault } = useFetched(getTemplates, []);
  const [query, setQuery] = useState("");
  const [tag, setTag] = useState("");
  const found = data && findTemplates(data.templates, query, tag);
  const openFirst = (event: KeyboardEvent) => {
    if (event.key === "Enter" && query && found?.[0]) attempt("Not opened", () => startTemplate(found[0]!));
  };
  return (
    <Modal title="Templates" className="templates" onClose={close}>
      <div className="templates-head">
        <input
          className="search"
          type="search"
          placeholder="Search templates"
          aria-label="Search templates"
          autoFocus
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={openFirst}
        />
        <button type="button" className="w-icon" aria-label="Close" onClick={close}>
          <Icon name="cancel" />
        </button>
        <div className="chips" role="group" aria-label="What it is about">
          {["", ...tagsOf(data?.templates ?? [])].map((name) => (
            <button key={name} type="button" className={name === tag ? "on" : ""} aria-pressed={name === tag} onClick={() => setTag(name)}>
              {name || "All"}
            </button>
          ))}
        </div>
      </div>
      <Note data={found} fault={fault} empty={data?.templates.length ? "No template matches." : "This server has no templates."} />
      <div className="template-grid" data-testid="templates">
        {found?.map((template) => (
          <TemplateCard key={template.name} template={template} />
        ))}
      </div>
    </Modal>
  );
}
