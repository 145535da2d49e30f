import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from '../support/built-hook.ts'

/** Everything that is built, wherever it is kept; paths from the project's folder. */
const bundles = ['dist', 'plugin']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((path) => /\.[cm]js$/.test(path))

/** What a file loads, as it is written there: names where they are fixed, else the text of the expression. */
function loadedBy(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, false, ts.ScriptKind.JS)
  const found = new Set<string>()
  const note = (name: ts.Node | undefined): void => {
    if (name !== undefined) found.add(ts.isStringLiteralLike(name) ? name.text : `? ${name.getText(source)}`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) note(node.moduleSpecifier)
    if (ts.isCallExpression(node) && loads(node.expression, source)) note(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found].sort()
}

/** `require`, `require.resolve`, `import`, and what `createRequire` gives. */
function loads(callee: ts.Expression, source: ts.SourceFile): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  if (ts.isCallExpression(callee)) return /\bcreateRequire$/.test(callee.expression.getText(source))
  return /^(?:require|__require)(?:\.resolve)?$/.test(callee.getText(source))
}

test('the parser sees what a file loads', () => {
  expect(loadedBy(join(root, 'test', 'package', 'programs', 'loads.cjs'))).toEqual([
    './beside.cjs',
    '? `./${name}.cjs`',
    '? name',
    'left-pad',
    'node:fs',
    'node:module',
    'node:os',
  ])
})

test.each(bundles)('%s loads nothing but modules of Node, and parts beside it', (name) => {
  const others = loadedBy(join(root, name)).filter((loaded) => !isBuiltin(loaded))
  // A part is named by whoever asks for it: `loadPart` in lib/system/system.ts.
  const parts = others.filter((loaded) => /^\? `\.\/\$\{\w+\}\.cjs`$/.test(loaded))
  expect(parts.length).toBeLessThanOrEqual(1)
  const allowed = name === join('dist', 'index.mjs') ? ['@redis/client'] : []
  expect(others.filter((loaded) => !parts.includes(loaded))).toEqual(allowed)
})
