import { attempt } from "../canvas/opening";
import type { Template } from "../graph/templates";
import { startTemplate } from "./starting";
import { TemplatePicture } from "./TemplatePicture";

/** A template with its picture; a click opens a copy of it. */
export function TemplateCard({ template }: { template: Template }) {
  return (
    <button type="button" className="template" data-testid={`template-${template.name}`} onClick={() => attempt("Not opened", () => startTemplate(template))}>
      <TemplatePicture template={template} />
      <b>{template.title}</b>
      <span className="faint">{template.description}</span>
    </button>
  );
}
