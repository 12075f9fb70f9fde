import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { labPaths } from '../paths.js';
import { run, tryRun } from '../run.js';
import { CALICO, CNI_PLUGINS, HELM, KUBERNETES, METRICS_SERVER } from '../versions.js';
import { goTools, type GoTools } from './goTools.js';
import { HELM_PACKAGES } from './helm.js';
import { calicoModule, etcdVersion, MODULES } from './modules.js';

/*
 * Writes lab/modules/NAME/{go.mod,go.sum,*.go}: what the bundle's programs are built from, exactly.
 * Run by hand when a version changes: npx tsx lab/build/freeze.ts [NAME…]
 */

const log = (line: string) => process.stdout.write(`${line}\n`);

interface GoMod {
  readonly Go: string;
  readonly Godebug?: readonly { readonly Key: string; readonly Value: string }[] | null;
  readonly Require?: readonly { readonly Path: string; readonly Version: string }[] | null;
  readonly Replace?:
    | readonly {
        readonly Old: { readonly Path: string };
        readonly New: { readonly Path: string; readonly Version?: string };
      }[]
    | null;
}

interface Wrapped {
  readonly module: string;
  readonly version: string;
  /** The version of a sibling module that the wrapped one replaces by a folder of its own tree. */
  readonly sibling?: (path: string) => string | undefined;
  /** Further modules of the same version. */
  readonly also?: readonly string[];
  readonly imports: readonly string[];
  /** Programs that upstream does not build by `go build` of a package: a main of ours. */
  readonly main?: string;
}

function wrapped(name: string): Wrapped {
  const [kind = '', version = ''] = name.split(/-(?=v?\d)/);
  switch (kind) {
    case 'kubernetes':
      return {
        module: 'k8s.io/kubernetes',
        version,
        sibling: () => version.replace(/^v1\./, 'v0.'),
        imports: MODULES.kubernetes,
      };
    case 'etcd':
      return {
        module: 'go.etcd.io/etcd/server/v3',
        version,
        // The tools that upstream's image holds beside the server.
        also: ['go.etcd.io/etcd/etcdctl/v3', 'go.etcd.io/etcd/etcdutl/v3'],
        imports: MODULES.etcd,
      };
    case 'coredns':
      return { module: 'github.com/coredns/coredns', version, imports: [], main: COREDNS_MAIN };
    case 'calico':
      return {
        module: calicoModule,
        version: CALICO.module,
        sibling: (path) => (path === `${dirOf(calicoModule)}/api` ? CALICO.api : undefined),
        imports: MODULES.calico,
      };
    case 'cni-plugins':
      return {
        module: 'github.com/containernetworking/plugins',
        version: CNI_PLUGINS,
        imports: MODULES.cniPlugins,
      };
    case 'metrics-server':
      return {
        module: 'sigs.k8s.io/metrics-server',
        version: METRICS_SERVER,
        imports: MODULES.metricsServer,
      };
    case 'helm':
      return { module: 'helm.sh/helm/v3', version: HELM, imports: HELM_PACKAGES };
    default:
      throw new Error(`no module ${name}`);
  }
}

/** The plugins that kubeadm's Corefile names; all of upstream's would take ten times as long. */
const COREDNS_PLUGINS =
  'cache errors forward health hosts kubernetes loadbalance log loop metrics ready reload rewrite template';
const COREDNS_MAIN = `package main

import (
	"github.com/coredns/coredns/coremain"
${COREDNS_PLUGINS.split(' ')
  .map((plugin) => `\t_ "github.com/coredns/coredns/plugin/${plugin}"`)
  .join('\n')}
)

func main() { coremain.Run() }
`;

async function freeze(tools: GoTools, name: string): Promise<void> {
  const dir = fileURLToPath(new URL(`../modules/${name}/`, import.meta.url));
  const { module, version, sibling, also = [], imports, main } = wrapped(name);
  // The public checksum database does not know every version that the proxy serves; go.sum does.
  const env = { ...tools.env, GOFLAGS: '-mod=mod', GONOSUMDB: module };
  const json = await run(tools.go, ['mod', 'download', '-json', `${module}@${version}`], {
    env,
    cwd: '/',
  });
  const source = (JSON.parse(json) as { GoMod: string }).GoMod;
  const upstream = JSON.parse(
    await run(tools.go, ['mod', 'edit', '-json', source], { env, cwd: '/' }),
  ) as GoMod;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'go.mod'),
    goMod(name, { modules: [module, ...also], version, sibling, upstream }),
  );
  const tagged = `//go:build tools\n\npackage tools\n\nimport (\n${imports.map((path) => `\t_ "${path}"\n`).join('')})\n`;
  writeFileSync(join(dir, main === undefined ? 'tools.go' : 'main.go'), main ?? tagged);
  // `go mod tidy` also wants what only other platforms and tests need, which is not always to be had.
  const tidy = await tryRun(tools.go, ['mod', 'tidy'], { env, cwd: dir });
  if (tidy.code !== 0) {
    const packages = main === undefined ? imports : ['.'];
    await run(tools.go, ['list', '-deps', ...packages], { env, cwd: dir });
  }
  log(`${name}: ${readFileSync(join(dir, 'go.sum'), 'utf8').split('\n').length} sums`);
}

interface GoModInput {
  readonly modules: readonly string[];
  readonly version: string;
  readonly sibling: Wrapped['sibling'];
  readonly upstream: GoMod;
}

/** Upstream's own go.mod, seen from outside: its replacements count only in a main module. */
function goMod(name: string, { modules, version, sibling, upstream }: GoModInput): string {
  const replaced = (upstream.Replace ?? []).flatMap(({ Old, New }) => {
    const to = New.Version ?? sibling?.(Old.Path);
    if (to === undefined) return [];
    return [`\t${Old.Path} => ${New.Version === undefined ? Old.Path : New.Path} ${to}`];
  });
  const required = (upstream.Require ?? []).filter(({ Version }) => Version !== 'v0.0.0');
  return [
    `module plinth.local/${name}`,
    `go ${upstream.Go}`,
    ...(upstream.Godebug ?? []).map(({ Key, Value }) => `godebug ${Key}=${Value}`),
    `require (\n${modules.map((module) => `\t${module} ${version}`).join('\n')}\n)`,
    `replace (\n${replaced.join('\n')}\n)`,
    `require (\n${required.map(({ Path, Version }) => `\t${Path} ${Version} // indirect`).join('\n')}\n)`,
    '',
  ].join('\n\n');
}

function dirOf(path: string): string {
  return path.slice(0, -basename(path).length - 1);
}

const every = [
  ...Object.keys(KUBERNETES).map((version) => `kubernetes-${version}`),
  ...Object.values(KUBERNETES).map(({ etcd }) => `etcd-${etcdVersion(etcd)}`),
  ...Object.values(KUBERNETES).map(({ coredns }) => `coredns-${coredns}`),
  'calico',
  'cni-plugins',
  'metrics-server',
  'helm',
];
const asked = process.argv.slice(2);
const names = new Set(asked.length > 0 ? asked : every);
const tools = await goTools(labPaths(), log);
for (const name of names) await freeze(tools, name);
log(readdirSync(fileURLToPath(new URL('../modules/', import.meta.url))).join(' '));
