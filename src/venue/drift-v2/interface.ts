// Interface: the discriminators of all instructions of Drift v2. An instruction that is not listed
// is newer than this release. test/venue/instruction-names.test.ts holds the lists against the
// interface that ships with the SDK and against the builds of the program that are public.
import { instructionDiscriminator } from '../discriminator.ts';

/** The instructions of the interface that ships with the SDK. */
const PUBLISHED = `
  0180b133ad2d0b66 02f1c3ace318fe9e 03246659b48078d5 0416e2c97c2c52e6 05622ebc0a3b02f9
  07dd67996b391bc5 0855b8a7b03dade2 0b0dff35388868b1 0c2bb0539cfb750d 0cc42dda5d590021
  0dbcf86786d96af0 0fce49853c085659 101a7b835e1daf62 11d00101a2d3bce0 12c68a8e8a304fbb
  13ac729a2a87a185 141493df293fcc6f 14b7d3a21034e573 15dd8cbb20810b7b 16d5c5a08bc15195
  17acbca886d2036c 17b26fcb49168c4b 184ee87ea9b0e610 18570a73a5be508b 19ad13bd04d340ee
  1a0b8e7ace9f092d 1c9a14f966c04947 1e8f5830f9679aff 1f8c43bfbd1465dd 204f658b1906620f
  207cf7e197d5e126 20fc7ad3421f2ff1 223a39446150f406 233e90b1b43ed7c4 24a12731e30123e2
  255cb2958c4c9f87 263cab9ecb3a8908 27a68bf39ea59be1 288460dbb8c15008 2b3dea2d0f5f9899
  2c452be2ccdfca34 2cdde397838c166e 2d4f51a0f85a5bdc 2f0c09660ce2c559 2f7c75ffc9c5825e
  30fc7749ffcdaef7 3187f6675d92dc8d 3283069ce2e7bd48 32caf9e0a6b80d8f 351088841edc7955
  3713eea9e35ac8b8 3812273d9bd32c85 38bf4f121a7950d0 39097b835234320d 3966ccd4fd5f0dc7
  3ba964314511adfd 3c3f327b0cc53cbe 3f7033e9e82ff0c7 402c18c7307d435b 407ad45d8dd9ca37
  40b5c43fde4840e8 40b9dd2d57930c13 4306fc3d365859e9 4367dc435820fc08 45a15dca787e4cb9
  475f54a8099dc641 47c9af7affcfc4cf 47efec99d23efe4c 4862098b81e5ac38 4b2377f7bf128b02
  4c9fd3efb6d6060f 4e5e10bcc16ee71f 4f0e1349dd6a3e6d 5042e2a1468e7754 50fc7a3e28da5b64
  515c7e29fae19cdb 5310960c6603163a 53a0fcfa817431df 544621a7856b3b18 56a6ebfd43cadf11
  58043f5e53e0ff82 5870563118744a9d 587189cef6f7ab8e 58df84a1d0588e2a 5a89099129089475
  5b9a18576a3bbe42 5c28972a7afe8bf6 5d800b771a14b532 5ee4ed6d64b90451 5f6f7c6956a9bb22
  5f81edf00831df84 601f71200ccb079a 6144c7eb83503dad 61d8698371f68e8d 61eb4e3ed42af17f
  62cd93f3124b53cf 637dd6a581affd87 643d9951b40c06f8 6530ff997f79aa1a 65d74f4a3b294f0c
  6a85a0cec1abc0c2 6b00802923e5fb12 6bd3fa8512253964 6d2157c3ff240651 6f11b9fa3c7a26fe
  7095c3de7c0757ed 72277bc6bb195adb 72b86625f6bab463 747a899ee0c3ad77 77d09a58a55c15bc
  7828b795e812e097 78590b197a4d48c1 79899d9b59ba9171 7a65f9eed109f1f5 7c6c93e56d757b03
  7cc2f0fec6d5347a 7e6e34ae1eced75a 7ebd6dbdaa9c032e 7f0a37a47be22f18 7f4275392832987f
  80a68e09febb8fae 82ad6b2d77691a71 83700a3b203628a4 8409e5767576753e 84e0f3a09a5261d7
  861390a55ef0d25e 8719b938a5352288 87846e6bb9a0a99a 8784cda56d96a66a 890a579612734fa8
  8bcd8d8d71245ebb 8c6b21d6ebdb6714 8e46cc5c496ab434 8e58a3a0df4b37e1 8ef5f942f9b51653
  8f63ebbb149fb854 931ee02212e66904 94b6037e9d72dc63 95750bed2f5f59ed 959e5542ef09f362
  9b7bd602dda6cc55 9bc3952bdc52adcd 9d4132cf3beca16e 9dd26d43d4aa0c6b 9e4d04fdfcc2a1b3
  a1b028d53cb8b3e4 a21523fb2039a1d2 a424c1fcc49d8a2b a4639c7e9c3963b4 a4ec822876b32eeb
  a55befe33face308 a613400a0e33657a a8cc44969f7e5f94 a911205acf94d11b a9b25419af3e1df7
  ab6df0fb5f019559 aba1455b818ba11c ae6de401f269e869 ae9a482abf9491cd af6b1338a5f12b45
  afaf6d1f0d989bed b0458fcd2084a300 b1b81bc1220dd291 b386d32dc305bdad b55e5d9233592087
  b5bf356da6f9378e b6716fa043ae59bf b6b2cb48bb8f9d6b b712469c946da122 b7683f96f0c7030a
  b7773baa8923f256 b79b2d00e255d545 b97a99bf83b184d0 ba1c4ee69b53f21a ba5511f9dbe762fb
  bb127b58ee68549a bbb3f346f85a5c93 bdc680093191c973 be4fce0f1ae5e52b bf038a4772c6ca64
  c0e227cccf7894fa c1d384ac46ab075e c24f95e0f666ba8c c25cccdff6bc1fcb c2ae57662b942070
  c5679a196b5a3c5e c675e7fa93217fa1 c7472a439013566d c77ac0ff20633fc8 c8785d884526c79f
  c96ad9fd04afe461 c983f2e455e246ed c9b274d4a69048ee cee66208f99ea9a7 cfc23884234347f4
  d00bd39fe2180bf7 d24241b666d6b01e d285e180c2320d6d d31f15d2406c42c9 d4ce82ad1522c728
  d53301bb6cdce6e0 d5a75df6d0825af8 d649a60bda4c6ea3 d882d7cee9e8bf58 d95c02ff1ba7b251
  d9cccc76cc82e193 da8621bae73b8295 dac813c5e359c016 daedaaf5278fa621 db56496a38da806d
  dc841b1be9dc3ddb ddf780fdd4fe2e99 de5aca5e1c2d73b7 e010b0d6a2d5b7de e24a05596cdf2e8d
  e6bfbd5e6c3b4ac5 e718e670c9ad49b8 e7ff6119928bae04 eac4802c5e0f30c9 eb2528c4469236c9
  eb6d0252db76069f eb7ee70a2aa41a3d ebab795039ef93dc ec800f5fcbd64475 ec88939992cd681d
  eceeb045ef0ab5c1 ed4bc6ebe9ba4b23 ede119edc12d4d61 ee827a1f0c68c07a ee998950ce3bfa3d
  eee15f9ee36708c2 f11dd7e48e7416a0 f14a727bce9918ca f223c68952e1f2b6 f24001de8e2ecce3
  f34fcce4e3d064f4 f717ff41d45addc2 f846c6e0e0697dc3 f98cfdf3f84af0ee f9d57322fdef4bad
  fb659c07023f1e17 fb90730bde2f3eec fccafcdbb31b548a fd85431667a11464 fdd1e70ef2d0f382
  fef34862fb82a8d5
`
  .trim()
  .split(/\s+/);

/**
 * Instructions of the program that the interface leaves out. The first line: the program of
 * 2026-03. The others: builds of 2023-12 and 2024-06, in which accounts still held shares of a
 * market's AMM. Those that settle such shares realise profit, and stand among the profile's calls.
 */
const UNPUBLISHED = `
  admin_withdraw_from_insurance_fund_vault place_scale_orders update_perp_market_config
  add_perp_lp_shares admin_disable_update_perp_bid_ask_twap admin_remove_insurance_fund_stake
  initialize_protocol_if_shares_transfer_config remove_perp_lp_shares
  remove_perp_lp_shares_in_expiring_market settle_lp transfer_protocol_if_shares
  update_lp_cooldown_time update_perp_market_per_lp_base
  update_perp_market_target_base_asset_amount_per_lp update_protocol_if_shares_transfer_config
  update_serum_vault update_user_advanced_lp update_user_open_orders_count update_whitelist_mint
`
  .trim()
  .split(/\s+/);

/**
 * The tag of Anchor's own instructions, which keep a description of the program in an account.
 * Their names stand in no interface, and a stranger may call the one that opens a buffer.
 */
const DESCRIPTION_TAG = '40f4bc78a7e9690a';

export const INSTRUCTIONS: ReadonlySet<string> = new Set([
  ...PUBLISHED,
  ...UNPUBLISHED.map(instructionDiscriminator),
  DESCRIPTION_TAG,
]);
