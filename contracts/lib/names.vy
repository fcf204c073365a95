# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Names under which contracts are registered with the Controller
@license MIT
@notice A registered name is the keccak256 of the text. Where a contract is proxied, the name points at the
        proxy and the same text followed by "Target" at the code behind it.
"""

BONDING_MANAGER: constant(bytes32) = keccak256("BondingManager")
BONDING_CONTROL: constant(bytes32) = keccak256("BondingControl")
BONDING_VOTES: constant(bytes32) = keccak256("BondingVotes")
ROUNDS_MANAGER: constant(bytes32) = keccak256("RoundsManager")
MINTER: constant(bytes32) = keccak256("Minter")
LIVEPEER_TOKEN: constant(bytes32) = keccak256("LivepeerToken")
SERVICE_REGISTRY: constant(bytes32) = keccak256("ServiceRegistry")
GOVERNOR: constant(bytes32) = keccak256("Governor")
JOBS_MANAGER: constant(bytes32) = keccak256("JobsManager")
JOBS_SETTLEMENT: constant(bytes32) = keccak256("JobsSettlement")
TICKET_BROKER: constant(bytes32) = keccak256("TicketBroker")
VERIFIER: constant(bytes32) = keccak256("Verifier")
VERIFIER_COMMITTEE: constant(bytes32) = keccak256("VerifierCommittee")
COMMITTEE_APPEALS: constant(bytes32) = keccak256("CommitteeAppeals")
RANDAO_BEACON: constant(bytes32) = keccak256("RandaoBeacon")
TREASURY: constant(bytes32) = keccak256("Treasury")
