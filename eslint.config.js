import tseslint from 'typescript-eslint';

/**
 * What a room may import of ours, and of packages where that matters. A room that is not listed under `rooms`
 * may not be imported. What each is for: docs/architecture.md.
 */
const ROOMS = [
  'activities',
  'api',
  'bench',
  'cli',
  'console',
  'core',
  'embedded',
  'lab',
  'machine',
  'net',
  'scripts',
  'store',
  'test',
  'tracing',
  'vault',
  'watch',
  'worker',
  'workflows',
];
const SPEC_PACKAGES = ['zod', 'semver', 'ipaddr.js', 'yaml'];
const TEMPORAL = ['activity', 'client', 'common', 'worker', 'workflow', 'testing'].map(
  (name) => `@temporalio/${name}`,
);

/** folder → what of ours it may import; `core` alone does not open `core/spec`. */
const MAY_IMPORT = {
  'core/spec': { rooms: ['core', 'core/spec'], packages: SPEC_PACKAGES },
  core: { rooms: ['core'], packages: [] },
  machine: { rooms: ['machine', 'core'], not: [...TEMPORAL, 'hono', 'mongodb'] },
  net: { rooms: ['net'], not: [...TEMPORAL, 'hono', 'mongodb', 'zod'] },
  store: { rooms: ['store', 'core'], not: [...TEMPORAL, 'hono', 'zod'] },
  tracing: {
    rooms: ['tracing', 'core'],
    // How Temporal's messages carry a context; its other end is in workflows.
    files: ['workflows/spanContext'],
    not: ['hono', 'mongodb', ...TEMPORAL.filter((name) => !/client|common/.test(name))],
  },
  vault: { rooms: ['vault', 'core'], not: [...TEMPORAL, 'hono', 'mongodb'] },
  activities: {
    rooms: ['activities', 'core', 'core/spec', 'machine', 'net', 'store', 'vault'],
    not: ['hono', 'mongodb', '@temporalio/client', '@temporalio/workflow', '@temporalio/worker'],
  },
  watch: {
    rooms: ['watch', 'activities', 'core', 'machine', 'store'],
    not: [...TEMPORAL, 'hono', 'mongodb'],
  },
  workflows: {
    rooms: ['workflows', 'core'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  api: {
    rooms: ['api', 'core', 'core/spec', 'net', 'store', 'vault'],
    // What traces are made with is loaded where they are wanted: by the main.
    types: ['tracing'],
    not: ['mongodb', '@temporalio/workflow', '@temporalio/worker', '@temporalio/activity'],
  },
  // Shapes only: what the page needs to know of the core's rules the API tells it.
  console: {
    rooms: ['console'],
    types: ['core'],
    // Small, and without anything behind them: the browser loads them.
    files: ['core/lineDiff', 'core/consoleHeader', 'core/consoleTheme'],
    packages: [],
  },
  cli: { rooms: ['cli', 'core', 'core/spec'], not: [...TEMPORAL, 'mongodb', 'hono'] },
};

/** The files of a room that compose others: mains may import what they compose. */
const MAINS = ['**/main.ts', '**/*.test.ts', '**/*.test.tsx'];

function roomRules([folder, { rooms, types = [], files = [], packages, not = [] }]) {
  const tests = folder === 'core/spec' ? [] : ['core/spec/**'];
  return {
    files: [`${folder}/**/*.ts`, `${folder}/**/*.tsx`],
    ignores: [...MAINS, ...(folder === 'core' ? tests : [])],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: not.map((name) => ({ name, message: `${folder} does without ${name}` })),
          patterns: [
            ...forbiddenRooms(folder, { rooms, types, files }),
            ...(packages === undefined ? [] : [onlyPackages(folder, packages)]),
          ],
        },
      ],
    },
  };
}

/** A room is named in a specifier by `../ROOM/…` (from any depth), never by a package's name. */
function forbiddenRooms(folder, { rooms, types, files }) {
  const closed = ROOMS.filter((room) => !rooms.includes(room) && room !== folder.split('/')[0]);
  const message = (room) => `${folder} may not import ${room} (MAY_IMPORT in eslint.config.js)`;
  const open = files.map((file) => `${file}\\.js$`).join('|');
  const but = open === '' ? '' : `(?!${open})`;
  const patterns = closed.map((room) => ({
    regex: `^(\\.\\./)+${but}${room}/`,
    message: message(room),
    ...(types.includes(room) ? { allowTypeImports: true } : {}),
  }));
  if (folder === 'core')
    patterns.push({ regex: '^(\\.\\./|\\./)*spec/', message: message('core/spec') });
  else if (!rooms.includes('core/spec')) {
    patterns.push({ regex: '^(\\.\\./)+core/spec/', message: message('core/spec') });
  }
  return patterns;
}

/** Relative imports and these packages, nothing else: no Node builtins. */
function onlyPackages(folder, packages) {
  const allowed = packages.map((name) => `${name.replaceAll('.', '\\.')}(/|$)`).join('|');
  return {
    regex: packages.length === 0 ? '^[^.]' : `^(?!\\.|${allowed})`,
    message: `${folder} imports no packages or Node builtins${packages.length === 0 ? '' : ` but ${packages.join(', ')}`}`,
  };
}

export default tseslint.config(
  {
    ignores: [
      '**/.*',
      'node_modules/',
      '.plinth/',
      'dist/',
      'coverage/',
      'lab/modules/',
      'test/goldens/',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numbers in messages are clear as they are.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // `() => log(x)` where nobody looks at the result.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // An interface may ask for a promise where this implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'No default exports: one name everywhere.',
        },
        { selector: 'TSEnumDeclaration', message: 'No enums: a const object and a union type.' },
        {
          // Its stdin from Node is a socket: it takes itself for one of sshd's and does what the person's own file says.
          selector: "CallExpression[arguments.0.value='bash'][arguments.1.elements.0.value='-c']",
          message: "`bash -c` runs the person's ~/.bashrc first: --norc.",
        },
      ],
      'no-console': 'error',
      'no-control-regex': 'error',
      eqeqeq: 'error',
    },
  },
  ...Object.entries(MAY_IMPORT).map(roomRules),
  {
    files: ['**/*.test.ts', '**/*.test.tsx', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Tools read these by their default export.
    files: ['*.config.ts', 'eslint.config.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
