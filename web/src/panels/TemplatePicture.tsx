import { useMemo } from "react";
import { useCatalog } from "../api/catalog";
import { getTemplate, templatePictureUrl } from "../api/routes";
import { miniature } from "../graph/miniature";
import type { Template } from "../graph/templates";
import { useFetched } from "./loading";

const WIDTH = 320;
const HEIGHT = 240;

/** What a template makes; without a picture of that, the workflow itself, drawn small. */
export function TemplatePicture({ template: { name, picture } }: { template: Template }) {
  if (!picture) return <Drawing name={name} />;
  return <img className="template-picture" src={templatePictureUrl(name)} alt="" loading="lazy" width={WIDTH} height={HEIGHT} draggable={false} />;
}

function Drawing({ name }: { name: string }) {
  const { data } = useFetched(() => getTemplate(name), [name]);
  const catalog = useCatalog((s) => s.server);
  const drawn = useMemo(() => data && miniature(data, catalog, WIDTH, HEIGHT), [data, catalog]);
  return (
    <svg className="template-picture" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {drawn?.lines.map((line, i) => <line key={i} {...line} stroke="var(--dim)" strokeWidth="1.5" />)}
      {drawn?.boxes.map(({ hue, ...box }, i) => <rect key={i} {...box} rx="3" fill={`hsl(${hue} var(--cat-tone))`} />)}
    </svg>
  );
}
