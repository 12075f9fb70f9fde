import type { NameFilter, Page, Slice } from './page.js';

export interface Project {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  modifiedAt: string;
  default: boolean;
}

export interface ProjectStore {
  /** Conflict when the name is taken. */
  create(input: { name: string; description?: string; default?: boolean }): Promise<Project>;
  get(name: string): Promise<Project | undefined>;
  getById(id: string): Promise<Project | undefined>;
  /** By name. */
  list(page: Page<string> & { name?: NameFilter }): Promise<Slice<Project>>;
}
