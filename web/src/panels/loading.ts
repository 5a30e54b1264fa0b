import { useEffect, useState } from "react";

/** What a panel fetched: `undefined` while it is on its way the first time; on trouble the old answer stays. */
export function useFetched<T>(fetch: () => Promise<T>, deps: readonly unknown[]): { data: T | undefined; fault: string | null } {
  const [state, setState] = useState<{ data: T | undefined; fault: string | null }>({ data: undefined, fault: null });
  useEffect(() => {
    let current = true;
    fetch().then(
      (data) => current && setState({ data, fault: null }),
      (error: Error) => current && setState((old) => ({ data: old.data, fault: error.message })),
    );
    return () => {
      current = false;
    };
    // The caller says what the fetch depends on.
  }, deps);
  return state;
}
