use crate::arguments::DemoOptions; use crate::failure::Failure; pub(crate) async fn run(_o: DemoOptions) -> Result<(), Failure> { Ok(()) }
