import { useEffect } from "react";
import { useModels, loadOffers } from "../api/models";
import type { Offer } from "../api/routes";
import { offersOf, type Use } from "../graph/models";
import { Icon } from "./Icon";
import { useJump } from "./Problems";

/** Models that the open workflow names and that are not here, with where to get them. */
export function MissingModels({ missing }: { missing: readonly { use: Use; remedy: string }[] }) {
  const offers = useModels((s) => s.offers);
  const jump = useJump();
  const some = missing.length > 0;
  useEffect(() => {
    if (some) void loadOffers();
  }, [some]);
  if (!some) return null;
  return (
    <section data-testid="missing-models">
      <h3>Missing here</h3>
      <ul className="list problems">
        {missing.map(({ use, remedy }) => (
          <li key={`${use.node} ${use.name}`} className="error stacked">
            <button type="button" onClick={() => jump(use.node)}>
              <Icon name="error" />
              <span>
                <em>
                  {use.node} · {use.folder}
                </em>
                <b>{use.name}</b>
                <span className="faint">{remedy}</span>
              </span>
            </button>
            {offersOf(offers, use.name).map((offer) => (
              <Source key={offer.name} offer={offer} />
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How to get it: the command, and the pages to look at first. */
function Source({ offer }: { offer: Offer }) {
  const command = `patchloom models get ${offer.name}`;
  const pages = [...new Set(offer.files.map(({ page }) => page))];
  return (
    <div className="source">
      <span className="faint">
        {offer.about}. Licence: {offer.licence}.
      </span>
      <code>{command}</code>
      <button type="button" className="w-icon" title="Copy the command" aria-label={`Copy ${command}`} onClick={() => void navigator.clipboard?.writeText(command)}>
        <Icon name="copy" size={13} />
      </button>
      <span className="pages">
        {pages.map((page) => (
          <a key={page} href={page} target="_blank" rel="noreferrer">
            {page.replace("https://huggingface.co/", "")}
          </a>
        ))}
      </span>
    </div>
  );
}
