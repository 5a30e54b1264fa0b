import { getTemplates } from "../api/routes";
import { attempt } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { findTemplates } from "../graph/templates";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { startTemplate } from "./starting";
import { TemplatePicture } from "./TemplatePicture";

/** Templates that match, below the saved workflows, and the way to the gallery of them. */
export function TemplateList({ query }: { query: string }) {
  const { data, fault } = useFetched(getTemplates, []);
  const found = data && findTemplates(data.templates, query);
  return (
    <>
      <div className="row between">
        <h3>Templates</h3>
        <button type="button" className="button small" data-testid="all-templates" onClick={() => useSurface.setState({ dialog: "templates" })}>
          <Icon name="gallery" size={14} /> Gallery
        </button>
      </div>
      <Note data={found} fault={fault} empty={query ? "No template matches." : "No templates."} />
      <ul className="list template-list">
        {found?.map((template) => (
          <li key={template.name}>
            <button type="button" className="grow plain" data-testid={`template-${template.name}`} onClick={() => attempt("Not opened", () => startTemplate(template))}>
              <TemplatePicture template={template} />
              <span>
                <b>{template.title}</b>
                <span className="faint">{template.description}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
