import { getTemplates } from "../api/routes";
import { attempt } from "../canvas/opening";
import { findTemplates } from "../graph/templates";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { startTemplate } from "./starting";
import { TemplatePicture } from "./TemplatePicture";

/** Templates that match, below the saved workflows. */
export function TemplateList({ query }: { query: string }) {
  const { data, fault } = useFetched(getTemplates, []);
  const found = data && findTemplates(data.templates, query);
  return (
    <>
      <h3>Templates</h3>
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
