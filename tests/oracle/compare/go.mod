module fairgate.dev/tests/oracle
