//! `openapi`: the document, with neither database nor configuration.

use crate::program::Program;

#[test]
fn document_is_printed_as_json_and_as_yaml() {
    let program = Program::bare();
    let json = program.run("openapi").expect(0);
    assert_eq!(json.json()["info"]["title"], "tenantry");
    assert!(json.out.contains("\"operationId\": \"createTenant\""));
    let yaml = program.run("openapi --yaml").expect(0);
    assert!(yaml.out.starts_with("openapi: "), "{}", &yaml.out[..80]);
    assert!(yaml.out.contains("operationId: createTenant"));
}
