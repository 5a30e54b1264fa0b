/** What a panel says instead of its content. */
export function Note({ data, fault, empty }: { data: readonly unknown[] | undefined; fault: string | null; empty: string }) {
  if (fault) return <p className="note bad">{fault}</p>;
  if (!data) return <p className="note">Loading…</p>;
  return data.length ? null : <p className="note">{empty}</p>;
}
