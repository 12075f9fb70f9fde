/**
 * etcd's membership as its own documentation has it, and nothing of ours: members vote or learn, live or are dead; a
 * change needs the agreement of a majority of those who vote, and only a living learner is promoted.
 */
export class EtcdModel {
  readonly #voters = new Set<string>();
  readonly #learners = new Set<string>();
  readonly #dead = new Set<string>();

  constructor(first: readonly string[]) {
    for (const name of first) this.#voters.add(name);
  }

  get voters(): string[] {
    return [...this.#voters].toSorted();
  }

  get learners(): string[] {
    return [...this.#learners].toSorted();
  }

  /** Any two majorities meet: more than half of those who vote live. */
  get hasQuorum(): boolean {
    const living = [...this.#voters].filter((name) => !this.#dead.has(name));
    return living.length * 2 > this.#voters.size;
  }

  isDead(name: string): boolean {
    return this.#dead.has(name);
  }

  kill(name: string): void {
    this.#dead.add(name);
  }

  revive(name: string): void {
    this.#dead.delete(name);
  }

  addLearner(name: string): void {
    this.#agree();
    this.#learners.add(name);
    this.#dead.delete(name);
  }

  /** False: it has not caught up. */
  promote(name: string): boolean {
    this.#agree();
    if (!this.#learners.has(name) || this.#dead.has(name)) return false;
    this.#learners.delete(name);
    this.#voters.add(name);
    return true;
  }

  remove(name: string): void {
    this.#agree();
    this.#voters.delete(name);
    this.#learners.delete(name);
  }

  #agree(): void {
    if (!this.hasQuorum) throw new Error('etcdserver: no leader');
  }
}
