/** Gives what was built of an object again while the parts that it was built with are the same ones. */
export class Reuse<K extends object, V> {
  private readonly built = new WeakMap<K, { readonly parts: readonly unknown[]; readonly value: V }>();

  get(of: K, parts: readonly unknown[], build: () => V): V {
    const old = this.built.get(of);
    if (old && sameList(old.parts, parts)) return old.value;
    const value = build();
    this.built.set(of, { parts, value });
    return value;
  }
}

export function sameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((entry, i) => entry === other[i]);
}
