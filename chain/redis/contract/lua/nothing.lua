-- Does nothing: asks whether this Redis lets this user run scripts.
--
-- KEYS    [1] any key of the contract, so that a cluster knows which node to ask
-- ARGV    none
-- Returns 1.
return 1
