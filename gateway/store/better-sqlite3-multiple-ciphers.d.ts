// The package ships these types but its `exports` hide them.
declare module 'better-sqlite3-multiple-ciphers' {
  import Database = require('better-sqlite3');
  export default Database;
}
