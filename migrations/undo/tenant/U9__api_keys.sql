-- Takes the API keys away: programs that use them are refused from then on, also after another migration.
DROP TABLE api_keys;
