// Loaded when a command needs it: a quarter of a megabyte. By name, because the package is CommonJS.
export { LineCounter, parseAllDocuments, stringify } from 'yaml';
