// The tables that hold catalog, jobs, accounts, OAuth clients and consents, beside the rows they describe.
import type { Connection } from './engine.ts'

const SET_UP = `
SET GLOBAL TimeZone = 'UTC';
CREATE SCHEMA IF NOT EXISTS store."_meta";
DROP SCHEMA IF EXISTS store."_staging" CASCADE;
CREATE SCHEMA store."_staging";
CREATE TABLE IF NOT EXISTS store."_meta".datasets (project VARCHAR, dataset VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".tables (project VARCHAR, dataset VARCHAR, name VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".routines (project VARCHAR, dataset VARCHAR, name VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".jobs (project VARCHAR, location VARCHAR, id VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".accounts (email VARCHAR, key_id VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".account_rights (email VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".clients (id VARCHAR, entry VARCHAR);
CREATE TABLE IF NOT EXISTS store."_meta".consents (id VARCHAR, entry VARCHAR);
`

export async function prepareStorage(connection: Connection): Promise<void> {
  await connection.run(SET_UP)
}
