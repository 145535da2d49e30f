const name = 'x'
require('node:fs')
require(name)
require('./beside.cjs')
require.resolve('left-pad')
require('node:module').createRequire('/')(`./${name}.cjs`)
import('node:os')
